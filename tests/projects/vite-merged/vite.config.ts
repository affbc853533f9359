import { defineConfig, mergeConfig } from 'vite'
import base from './vite.base'

export default mergeConfig(
  base,
  defineConfig({ server: { port: 4700, proxy: { '/b': 'http://localhost:2' } } }),
)
