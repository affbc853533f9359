import { defineConfig, loadEnv } from 'vite'

export default ({ mode }: { mode: string }) => {
  process.env = { ...process.env, ...loadEnv(mode, process.cwd()) }

  return defineConfig({
    server: { port: parseInt(process.env.VITE_PORT ?? '5000', 10), host: process.env.HOST },
  })
}
