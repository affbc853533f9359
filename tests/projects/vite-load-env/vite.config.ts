import { defineConfig, loadEnv } from 'vite'

export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, process.cwd(), '')
  return {
    define: { __APP_ENV__: JSON.stringify(env.APP_ENV) },
    server: {
      port: Number(env.WEB_PORT) || 3000,
      proxy: { '/api': env.VITE_API_URL },
    },
  }
})
