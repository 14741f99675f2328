/**
 * What runs on the shards: each with connections, chance and histograms of its own, sharing nothing with the others. The
 * thread that started the run collects what they hand over.
 */
@Internal
@NullMarked
package io.solaster.load.run;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
