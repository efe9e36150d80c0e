"""Out to files and in from them: streamed, so that memory does not grow with what there is."""
