import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

/** Address of the server that development requests are passed on to. */
const backend = process.env.YIHAO_BACKEND ?? 'http://127.0.0.1:12345'

/**
 * Answers page addresses in development as the server does: `/desk/…` with the
 * staff's page, `/wallboard` with the wall's, every other page address with the citizens' page.
 */
function pages(): Plugin {
  return {
    name: 'yihao-pages',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? '/').split('?')[0] ?? '/'
        const isPage = request.headers.accept?.includes('text/html') && !path.includes('.')
        if (isPage && !/^\/(api|sip|src|node_modules|@)/.test(path)) {
          request.url = /^\/desk(\/|$)/.test(path) ? '/desk.html' : /^\/wallboard(\/|$)/.test(path) ? '/wallboard.html' : '/portal.html'
        }
        next()
      })
    },
  }
}

export default defineConfig({
  plugins: [vue(), pages()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    port: 5173,
    // What scripts of forms run in lies with the engine.
    fs: { allow: ['..'] },
    proxy: {
      '/api': { target: backend },
      '/sip': { target: backend, ws: true },
    },
  },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    chunkSizeWarningLimit: 700,
    rolldownOptions: { input: { desk: 'desk.html', portal: 'portal.html', wallboard: 'wallboard.html' } },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/__tests__/*.test.ts'],
  },
} as Parameters<typeof defineConfig>[0])
