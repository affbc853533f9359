import type { UserConfig } from 'vite'

export default {
  server: { port: 3000, host: '0.0.0.0', strictPort: true, proxy: { '/a': 'http://localhost:1' } },
} satisfies UserConfig
