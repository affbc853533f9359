import { defineConfig } from 'vite'

export default defineConfig(({ mode }) => ({
  define: { __MODE__: JSON.stringify(mode) },
  server: {
    open: false,
  },
}))
