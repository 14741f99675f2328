package io.solaster.store.persist;

import java.io.IOException;

/** All keys were removed while a snapshot was written. */
final class ClearedException extends IOException {
    private static final long serialVersionUID = 1;

    ClearedException() {
        super("all keys were removed while the snapshot was written");
    }
}
