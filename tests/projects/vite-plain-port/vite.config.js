export default {
  server: {
    port: 4000,
    strictPort: true,
    host: true,
  },
}
