/**
 * The form that values have in Redis's files and in {@code DUMP}: its check sum, its strings, its compression. By address;
 * it knows neither keys nor commands. On the thread that owns the bytes.
 */
@Internal
@NullMarked
package io.solaster.store.rdb;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
