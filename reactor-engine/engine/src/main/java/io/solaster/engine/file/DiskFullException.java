package io.solaster.engine.file;

import java.nio.file.FileSystemException;

import org.jspecify.annotations.Nullable;

/**
 * There is no room for what was to be written, on the disk or within a quota. A part of it may have been written. It can be
 * tried again once there is room.
 */
public final class DiskFullException extends FileSystemException {
    private static final long serialVersionUID = 1;

    /** @param why what was to be done, and what was said to it */
    public DiskFullException(String path, @Nullable String why) {
        super(path, null, why);
    }
}
