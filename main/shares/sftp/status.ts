// What a request that failed is answered with: the system's errors as the few statuses that SFTP 3 has.
import { BadMessage, Status } from './wire';
import type { StatusCode } from './wire';

/** A request that is refused before the system is asked. */
export class Refused extends Error {
  constructor(
    readonly status: StatusCode,
    message: string,
  ) {
    super(message);
  }
}

const codes: Readonly<Record<string, StatusCode>> = {
  ENOENT: Status.noSuchFile,
  ENOTDIR: Status.noSuchFile,
  EACCES: Status.permissionDenied,
  EPERM: Status.permissionDenied,
  EROFS: Status.permissionDenied,
  ENOSPC: Status.noSpace,
  EDQUOT: Status.noSpace,
  EIO: Status.noSpace,
  ENOSYS: Status.unsupported,
  ENOTSUP: Status.unsupported,
  EOPNOTSUPP: Status.unsupported,
};

export function statusOf(error: unknown): { readonly status: StatusCode; readonly message: string } {
  if (error instanceof Refused) {
    return { status: error.status, message: error.message };
  }
  if (error instanceof BadMessage) {
    return { status: Status.badMessage, message: error.message };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  // The code alone: the message holds a path of this computer's.
  return { status: codes[code ?? ''] ?? Status.failure, message: code ?? message };
}
