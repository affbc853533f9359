import { defineConfig } from "vite";

export default defineConfig({
  server: {
    // The API has moved to 8001.
    proxy: { "/api": "http://localhost:8000" },
  },
});
