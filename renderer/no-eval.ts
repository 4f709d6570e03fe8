// Imported first: zod tries `new Function` when a schema is made, which the page's policy refuses and reports. The one side effect at import time.
import { z } from 'zod';

z.config({ jitless: true });
