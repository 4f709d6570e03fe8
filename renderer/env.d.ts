/// <reference types="vite/client" />

/** Identity of this build, compared with the backend's at the first frame; set in vite.config.ts. */
declare const __BERTH_BUILD__: string;
