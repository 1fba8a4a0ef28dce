"""The operating system's side: processes started, told apart, watched, signalled and recorded."""
