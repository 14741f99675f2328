package io.solaster.store.program;

import java.io.IOException;

/** A file is no Redis file, or a damaged one, or has something in it that nobody can read past. */
final class RdbException extends IOException {
    private static final long serialVersionUID = 1;

    RdbException(String message) {
        super(message);
    }
}
