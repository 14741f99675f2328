/**
 * Serves files: {@link io.solaster.http.files.StaticFiles}, for applications. The rest is its machinery: where files lie,
 * what of them is asked for, and how they are read without making a shard wait.
 */
@NullMarked
package io.solaster.http.files;

import org.jspecify.annotations.NullMarked;
