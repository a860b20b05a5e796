import { existsSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { createFakeElectron } from '../../../support/fake-electron.js';
import { FakePort } from '../../../support/fake-electron/ports.js';
import { FakeUtilityProcess } from '../../../support/fake-electron/utility-process.js';
import { FakeContents, FakeFrame, FakeWindow } from '../../../support/fake-electron/window.js';
import { ROOT } from '../../../support/shared-data.js';

const OWN = /^src\/(main\/desktop\/|main\/index\.ts$|preload\/)/;

const { options } = ts.convertCompilerOptionsFromJson(
  {
    ...(JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as { compilerOptions: object }).compilerOptions,
    lib: ['ES2023', 'DOM'],
  },
  ROOT,
);
const program = ts.createProgram([join(ROOT, 'src/main/index.ts'), join(ROOT, 'src/preload/index.ts')], options);
const checker = program.getTypeChecker();
const nameOf = (source: ts.SourceFile): string => relative(ROOT, source.fileName).split(sep).join('/');
const sources = program.getSourceFiles().filter((source) => OWN.test(nameOf(source)));

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/** What an expression or a name must not be, by the checks of electronegativity (its `src/finder/checks`). */
function findOffences(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const text = (node: ts.Node): string => node.getText(source);
  visit(source, (node) => {
    const place = `${nameOf(source)}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
    if (ts.isPropertyAssignment(node)) {
      const setting = `${text(node.name)}: ${text(node.initializer)}`;
      if (
        /^(contextIsolation|sandbox|webSecurity): (?!true$)/.test(setting) ||
        /^(nodeIntegration\w*|webviewTag|allowRunningInsecureContent|experimentalFeatures|bypassCSP|allowpopups|javascript): (?!false$)/.test(
          setting,
        ) || // prettier-ignore
        /^(enableBlinkFeatures|affinity):/.test(setting)
      ) {
        found.push(`${place} ${setting}`);
      }
    }
    if (ts.isCallExpression(node)) {
      const called = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : text(node.expression);
      const argument = node.arguments[0] === undefined ? '' : text(node.arguments[0]);
      if (
        /^(eval|executeJavaScript\w*|insertCSS|loadFile|openPath|setCertificateVerifyProc|appendSwitch|appendArgument|exposeInIsolatedWorld|sendSync|handleOnce)$/.test(called) || // prettier-ignore
        (called === 'openExternal' && !/^LINK_ADDRESSES\[\w+\]$/.test(argument)) ||
        (called === 'loadURL' && argument !== 'APP_ADDRESS') ||
        (called === 'exposeInMainWorld' && argument !== "'graft'") ||
        (called === 'on' && /^'(certificate-error|select-client-certificate|login)'$/.test(argument))
      ) {
        found.push(`${place} ${called}(${argument})`);
      }
    }
    if (ts.isNewExpression(node) && text(node.expression) === 'Function') found.push(`${place} new Function`);
    if (ts.isStringLiteralLike(node) && /file:\/\/|@electron\/remote/.test(node.text))
      found.push(`${place} ${node.text}`);
  });
  return found;
}

const parse = (text: string): ts.SourceFile => ts.createSourceFile('a.ts', text, ts.ScriptTarget.ESNext, true);

/** Members of Electron's own types that the sources use, as `Interface.member`. */
function usedMembers(): string[] {
  const used = new Set<string>();
  const remember = (symbol: ts.Symbol | undefined): void => {
    for (const declaration of symbol?.declarations ?? []) {
      const owner = declaration.parent;
      if (!declaration.getSourceFile().fileName.endsWith('electron/electron.d.ts')) continue;
      if ((ts.isInterfaceDeclaration(owner) || ts.isClassDeclaration(owner)) && owner.name !== undefined) {
        used.add(`${owner.name.text}.${symbol!.name}`);
      }
    }
  };
  for (const source of sources) {
    visit(source, (node) => {
      if (ts.isPropertyAccessExpression(node)) remember(checker.getSymbolAtLocation(node.name));
      if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
        const name = node.propertyName ?? node.name;
        if (ts.isIdentifier(name)) remember(checker.getTypeAtLocation(node.parent).getProperty(name.text));
      }
    });
  }
  return [...used].sort();
}

describe('the sources of the desktop app', () => {
  it('fit the types of the real Electron', () => {
    expect(sources.length).toBeGreaterThan(15);
    const diagnostics = sources.flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]);
    expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it('use nothing of Electron that the fake does not have', () => {
    const { objects: fake } = createFakeElectron();
    const window = new FakeWindow({ width: 1, height: 1, webPreferences: {} }, async () => new Response());
    const port = FakePort.prototype;
    const session = (fake['session'] as { defaultSession: object }).defaultSession;
    const kinds: Readonly<Record<string, object | undefined>> = {
      App: fake['app'],
      BrowserWindow: Object.assign(window, fake['BrowserWindow']),
      // What a window inherits is declared there as well.
      BaseWindow: window,
      Dialog: fake['dialog'],
      IpcMain: fake['ipcMain'],
      Menu: fake['Menu'],
      MessageChannelMain: new (fake['MessageChannelMain'] as new () => object)(),
      MessagePortMain: port,
      NativeTheme: fake['nativeTheme'],
      Net: fake['net'],
      Notification: Object.assign(new (fake['Notification'] as new () => object)(), { isSupported: true }),
      PowerSaveBlocker: fake['powerSaveBlocker'],
      Protocol: fake['protocol'],
      Screen: fake['screen'],
      Session: Object.assign(session, { defaultSession: session }),
      Shell: fake['shell'],
      UtilityProcess: Object.assign(Object.create(FakeUtilityProcess.prototype) as object, { fork: true }),
      WebContents: new FakeContents(),
      WebFrameMain: new FakeFrame(),
      WebRequest: (session as { webRequest: object }).webRequest,
    };
    // Plain data that Electron passes to a listener, the preload script's own side, and menus' and dialogs' options.
    const DATA = /^(\w+(Details|Event|ReturnValue|Options|Request|Scheme)|Display|Rectangle|DownloadItem|ContextBridge|IpcRenderer|WebUtils|Event)\./; // prettier-ignore
    const used = usedMembers();
    expect(used).toEqual(expect.arrayContaining(['App.whenReady', 'BrowserWindow.loadURL', 'UtilityProcess.fork']));
    const missing = used.filter((member) => {
      const [kind, name] = member.split('.') as [string, string];
      return !DATA.test(member) && !(kinds[kind] !== undefined && name in kinds[kind]);
    });
    expect(missing).toEqual([]);
  });

  it('import the module electron in two places, and its types elsewhere', () => {
    const importers = sources.filter((source) =>
      source.statements.some(
        (statement) =>
          ts.isImportDeclaration(statement) &&
          ts.isStringLiteral(statement.moduleSpecifier) &&
          statement.moduleSpecifier.text === 'electron' &&
          statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword,
      ),
    );
    expect(importers.map(nameOf).sort()).toEqual(['src/main/index.ts', 'src/preload/index.ts']);
  });

  it('keep the rules that electronegativity checks', () => {
    expect(sources.flatMap(findOffences)).toEqual([]);
  });

  it('deny what Electron allows unless told otherwise', () => {
    const all = sources.map((source) => source.text).join('\n');
    for (const needed of [
      /\benableSandbox\(\)/,
      /\bsetWindowOpenHandler\(\(\) => \(\{ action: 'deny' \}\)\)/,
      /\bsetPermissionRequestHandler\(/,
      /\bsetPermissionCheckHandler\(/,
      /\bsetDevicePermissionHandler\(/,
      /\bonBeforeRequest\(/,
      /'will-navigate'/,
      /'will-redirect'/,
      /'will-frame-navigate'/,
      /'will-attach-webview'/,
    ]) {
      expect(all).toMatch(needed);
    }
  });

  it.each([
    'const a = { contextIsolation: false };',
    'const a = { sandbox: false };',
    'const a = { webSecurity: flag };',
    'const a = { nodeIntegration: true };',
    'const a = { nodeIntegrationInSubFrames: true };',
    'const a = { enableBlinkFeatures: "x" };',
    'shell.openExternal(address);',
    'shell.openExternal("https://example.org");',
    'contents.executeJavaScript("1");',
    'window.loadURL(address);',
    'window.loadFile("a.html");',
    'new Function("return 1");',
    'eval("1");',
    'const a = "file:///etc/passwd";',
    'app.on("certificate-error", f);'.replaceAll('"', "'"),
    'contextBridge.exposeInMainWorld("electron", ipcRenderer);',
  ])('would not pass with %s', (text) => {
    expect(findOffences(parse(text))).toHaveLength(1);
  });
});

describe('the package', () => {
  const builder = readFileSync(join(ROOT, 'electron-builder.yml'), 'utf8');

  it('sets the fuses', () => {
    for (const [fuse, value] of Object.entries({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
      enableCookieEncryption: false,
    })) {
      expect(builder).toMatch(new RegExp(`^  ${fuse}: ${value}$`, 'm'));
    }
  });

  it('has an icon', () => {
    expect(existsSync(join(ROOT, 'resources', 'icon.png'))).toBe(true);
    const header = readFileSync(join(ROOT, 'resources', 'icon.png')).subarray(0, 24);
    expect([header.readUInt32BE(16), header.readUInt32BE(20)]).toEqual([1024, 1024]);
  });
});
