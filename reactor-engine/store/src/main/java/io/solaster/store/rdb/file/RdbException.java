package io.solaster.store.rdb.file;

import java.io.IOException;

/** A file is no Redis file, or a damaged one, or has something in it that nobody can read past. */
public final class RdbException extends IOException {
    private static final long serialVersionUID = 1;

    /** @param message what is wrong, and where */
    public RdbException(String message) {
        super(message);
    }
}
