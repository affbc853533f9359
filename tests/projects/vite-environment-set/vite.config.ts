import { defineConfig } from 'vite'

const { PORT = '3000', API_PORT = 8000 } = process.env

export default defineConfig({
  server: {
    port: Number(PORT),
    strictPort: !!process.env.PORT,
    proxy: { '/api': `http://localhost:${API_PORT}` },
  },
})
