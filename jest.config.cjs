// Unit tests stand beside the source; tests that need a kernel stand in test/ and run inside the VM.
const transform = {
  '^.+\\.[cm]?[jt]s$': [
    '@swc/jest',
    {
      jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' },
      module: { type: 'commonjs' },
    },
  ],
};
const moduleNameMapper = { '^@nsgate/proto$': '<rootDir>/proto/src/index.ts' };
const shared = {
  rootDir: __dirname,
  // Without it jest walks all of .cache, kernels' sources too, which takes minutes in a virtual machine.
  roots: ['proto', 'controller', 'agent', 'test', 'deploy'].map((folder) => `<rootDir>/${folder}`),
  transform,
  moduleNameMapper,
  testEnvironment: 'node',
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
};

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{proto,controller,agent,test,deploy}/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '/dist/',
        '\\.vm\\.test\\.ts$',
        '<rootDir>/test/e2e/',
        '<rootDir>/test/web/',
      ],
    },
    // Drives Debian's Chromium.
    { ...shared, displayName: 'web', testMatch: ['<rootDir>/test/web/**/*.test.ts'] },
    // Boots virtual machines by itself.
    { ...shared, displayName: 'vm', testMatch: ['<rootDir>/test/**/*.vm.test.ts'] },
    // Runs inside a virtual machine, as root, with the module built.
    {
      ...shared,
      displayName: 'e2e',
      roots: ['<rootDir>/test/e2e'],
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/e2e/harness/patience.ts'],
    },
  ],
};
