import { defineConfig } from 'vite'

export default defineConfig(async ({ mode }) => {
  switch (mode) {
    case 'staging':
      return { server: { port: 4500 } }
    default:
      return { server: { port: 4501 } }
  }
})
