@echo off
"%~dp0node.exe" "%~dp0..\main\cli.cjs" %*
