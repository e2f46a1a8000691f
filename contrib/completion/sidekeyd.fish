# sidekeyd.fish - completion of sidekeyd for fish.  Generated: make docs.
complete -c sidekeyd -f
complete -c sidekeyd -l config -r -F -d 'settings that are not sensitive (default /opt/config/application.json)'
complete -c sidekeyd -l secret -r -F -d 'credentials and keys, merged over the former (default /opt/secret/application.json)'
complete -c sidekeyd -l socket -r -F -d 'listen here, whatever the configuration says'
complete -c sidekeyd -l dev -d 'no files, no servers: throw-away keys, made on first use, for trying things out'
complete -c sidekeyd -l supervise -d 'run the agent in a child process, and again when it dies; its keys survive that.  For containers; systemd does the same by itself (FileDescriptorStoreMax=)'
complete -c sidekeyd -l check-config -d 'print the merged configuration with secrets redacted and exit; or print every error and exit with 78'
complete -c sidekeyd -l strict -d 'with --check-config: a key that cannot be used is an error, too'
complete -c sidekeyd -s h -l help -d 'this text'
complete -c sidekeyd -s V -l version -d 'the version'
