/**
 * Spring's caches on the store: {@code spring.cache.type: solaster}. Applications see {@code CacheManager} and, to write values
 * another way, {@link io.solaster.boot.cache.CacheCodec}.
 */
@NullMarked
package io.solaster.boot.cache;

import org.jspecify.annotations.NullMarked;
