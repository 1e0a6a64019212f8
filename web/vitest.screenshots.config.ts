import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  test: {
    environment: 'node',
    include: ['tests/screenshots/*.shots.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
