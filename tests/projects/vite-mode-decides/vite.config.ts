import { defineConfig } from 'vite'

export default defineConfig(({ command, mode }) => {
  if (command === 'build') {
    return { build: { sourcemap: true } }
  }
  const port = mode === 'staging' ? 4500 : mode === 'development' ? 4501 : 4502
  return { server: { port, strictPort: mode !== 'staging' } }
})
