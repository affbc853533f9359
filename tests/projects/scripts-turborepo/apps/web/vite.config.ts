import { defineConfig } from "vite";

const port = 3001;

export default defineConfig({
  server: { port, strictPort: true, proxy: { "/api": "http://localhost:4000" } },
});
