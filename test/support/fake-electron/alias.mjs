// Makes `import 'electron'` give the module whose address is in GRAFT_FAKE_ELECTRON.
import * as nodeModule from 'node:module';

const url = process.env['GRAFT_FAKE_ELECTRON'];
if (nodeModule.registerHooks !== undefined) {
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'electron' ? { url, shortCircuit: true } : next(specifier, context),
  });
} else {
  const hook = `export const resolve = (specifier, context, next) =>
    specifier === 'electron' ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(specifier, context);`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
