/** This release, as in `package.json`; a test compares the two. */
export const GRAFT_VERSION = '0.2.0';
