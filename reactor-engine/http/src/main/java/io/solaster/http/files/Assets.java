package io.solaster.http.files;

import java.io.IOException;

import org.jspecify.annotations.Nullable;

/** Where static files lie. Blocks: on {@link io.solaster.engine.Offload} only. */
interface Assets {

    /**
     * Looks for a file.
     *
     * @param path decoded, of segments that are neither empty nor hidden; it may end with a slash
     * @param index what stands for a directory whose path ends with a slash
     * @param largestHeld files of up to so many bytes are read into memory
     * @return {@link Asset#DIRECTORY} if it is one and the path lacks the slash; null if there is nothing
     */
    @Nullable
    Asset find(String path, String index, long largestHeld) throws IOException;
}
