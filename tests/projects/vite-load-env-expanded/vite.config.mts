import { defineConfig, loadEnv } from 'vite'

export default defineConfig(({ mode }) => {
  const { VITE_HOST, VITE_ORIGIN, BASE_PORT } = loadEnv(mode, '.', ['VITE_', 'BASE_'])
  return { server: { host: VITE_HOST, port: +BASE_PORT + 1, proxy: { '/': VITE_ORIGIN } } }
})
