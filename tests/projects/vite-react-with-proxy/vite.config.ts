import { defineConfig } from 'vite'
import react from '@vitejs/plugin-react'
import path from 'node:path'

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { '@': path.resolve(__dirname, './src') },
  },
  server: {
    port: 3000,
    proxy: {
      '/api': {
        target: 'http://localhost:8080',
        changeOrigin: true,
        rewrite: (p) => p.replace(/^\/api/, ''),
      },
      '/socket.io': { target: 'ws://localhost:5174', ws: true },
      '/health': 'http://127.0.0.1:9000',
      '^/fallback/.*': 'https://jsonplaceholder.typicode.com',
    },
  },
})
