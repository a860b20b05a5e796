/** What a Linux processor says that it can, by the names of `/proc/cpuinfo`. Empty where that cannot be read. */
export function cpuFlagsOf(cpuinfo: string): ReadonlySet<string> {
  return new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/) ?? []);
}
