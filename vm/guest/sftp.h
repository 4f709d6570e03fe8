/* One share served by the host: the way from sshfs to it, started by sshfs as `/proc/1/exe sftp SOCKET …`. */
#pragma once

int sftp_main(const char *path);
