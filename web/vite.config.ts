import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env['AYE_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', sourcemap: false, chunkSizeWarningLimit: 1200 },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': server,
      '/log': server,
      '/healthz': server,
      '/rtc': { target: server, ws: true },
    },
  },
  // The tests wait more than they work: two at a time on two cores too, where one is what Vitest would take.
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'], testTimeout: 20000, maxWorkers: 2 },
});
