package io.solaster.store.persist;

import java.io.IOException;

/** All keys, or those of a database, were removed while a snapshot was written. */
final class ClearedException extends IOException {
    private static final long serialVersionUID = 1;

    ClearedException() {
        super("all keys, or those of a database, were removed while the snapshot was written");
    }
}
