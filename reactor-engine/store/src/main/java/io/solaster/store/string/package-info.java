/**
 * What commands do with the bytes of one string beside reading and writing them: bits, integers of some bits. By address;
 * it knows neither keys nor commands. On the thread that owns the bytes.
 */
@Internal
@NullMarked
package io.solaster.store.string;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
