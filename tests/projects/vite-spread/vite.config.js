const shared = { host: '127.0.0.1', port: 3000 }
const isCI = Boolean(process.env.CI)

export default {
  server: {
    ...shared,
    ...(isCI ? { port: 4801 } : {}),
    ...(isCI || { port: 4800 }),
    ...(process.env.LAN && { host: true }),
  },
}
