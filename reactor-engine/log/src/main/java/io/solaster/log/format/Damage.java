package io.solaster.log.format;

import java.io.IOException;
import java.nio.file.Path;

import io.solaster.config.Internal;

/** A log is not as it was written. */
@Internal
public final class Damage extends IOException {
    private static final long serialVersionUID = 1;
    private final transient Path file;
    private final long offset;

    Damage(Path file, long offset, String what) {
        super(file + ", at byte " + offset + ": " + what);
        this.file = file;
        this.offset = offset;
    }

    /** The file, or the directory where one is missing. */
    public Path file() {
        return file;
    }

    /** Where in it, in bytes. */
    public long offset() {
        return offset;
    }
}
