// The arrows of docs/ARCHITECTURE.md. Each rule carries its why.

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Files in a circle cannot be understood, tested or moved one by one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'programs-apart',
      comment:
        'Agent and controller are released and fail apart: all that they share is the wire, in proto/.',
      severity: 'error',
      from: { path: '^(agent|controller)/' },
      to: { path: '^(agent|controller)/', pathNot: '^$1/' },
    },
    {
      name: 'wire-imports-nothing-of-ours',
      comment: 'proto/ is what both sides build on: an arrow out of it would tie the sides together.',
      severity: 'error',
      from: { path: '^proto/' },
      to: { path: '^(agent|controller|deploy|test)/' },
    },
    {
      name: 'programs-do-not-know-how-they-are-run',
      comment: 'Programs are deployed and tested from outside.',
      severity: 'error',
      from: { path: '^(agent|controller|proto)/', pathNot: '\\.test(ing)?\\.ts$' },
      to: { path: '^(deploy|test)/' },
    },
    {
      name: 'generated-types-only-at-the-edges-of-the-controller',
      comment:
        'The wire may change without the model; only the edges translate. The compiler makes what the wire carries.',
      severity: 'error',
      from: {
        path: '^controller/src/',
        pathNot: '^controller/src/(operator-api|agent-stream|rpc|compiler|web|main)|\\.test\\.ts$',
      },
      to: { path: '^proto/' },
    },
    {
      name: 'the-page-knows-the-wire-alone',
      comment: 'It runs in browsers and speaks JSON; what it took from the server would be in the bundle.',
      severity: 'error',
      from: { path: '^controller/web/' },
      to: { path: '^(controller/(src|cli)|proto|agent|deploy|test)/' },
    },
    {
      name: 'generated-types-only-at-the-edge-of-the-agent',
      comment: "The wire may change without the agent's model; only controller-client translates.",
      severity: 'error',
      from: { path: '^agent/src/', pathNot: '^agent/src/(controller-client/|agent\\.ts)|\\.test\\.ts$' },
      to: { path: '^proto/' },
    },
    {
      name: 'pure-rooms-do-no-io',
      comment:
        'compiler, plan and codecs depend on their input alone, so that property tests can hold them to their laws.',
      severity: 'error',
      from: {
        path: '^(controller/src/compiler/|agent/src/reconcile/(plan|compose)|agent/src/kernel-device/codec)',
        pathNot: '\\.test\\.ts$',
      },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|os|net|buffer)$' },
    },
    {
      name: 'who-may-what-is-decided-apart-from-the-wire',
      comment:
        'Roles, limits, tokens and the chain of the audit log are held to their laws by tests without a server; rpc asks them.',
      severity: 'error',
      from: { path: '^controller/src/(access|identity|audit|enrolment)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^controller/src/(rpc|operator-api|agent-stream|policy-store|stats|compiler)/' },
    },
    {
      name: 'main-is-the-only-wiring',
      comment: 'What starts and stops in which order is told in one place.',
      severity: 'error',
      from: { path: '^(agent|controller)/src/', pathNot: '^agent/src/main\\.ts$' },
      to: { path: '^((agent|controller)/src/main|agent/src/agent)\\.ts$' },
    },
    {
      name: 'only-what-package-json-names',
      comment: 'A dependency that nobody declared is not pinned either.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules|\\.cache)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
