const { defineConfig } = require('vite')
const ports = require('./ports.cjs')

module.exports = defineConfig({ server: { port: ports.web, strictPort: true } })
