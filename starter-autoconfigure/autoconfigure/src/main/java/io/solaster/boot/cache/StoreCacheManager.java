package io.solaster.boot.cache;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import io.solaster.store.Store;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;

/** The caches in a store: those that are named, or each that is asked for. */
final class StoreCacheManager implements CacheManager {
    private final Store store;
    private final StoreCacheProperties properties;
    private final CacheCodec codec;
    private final boolean isFixed;
    private final ConcurrentMap<String, Cache> caches = new ConcurrentHashMap<>();

    /** @param names of all caches there are; empty for any */
    StoreCacheManager(Store store, List<String> names, StoreCacheProperties properties, CacheCodec codec) {
        this.store = store;
        this.properties = properties;
        this.codec = codec;
        this.isFixed = !names.isEmpty();
        names.forEach(name -> caches.put(name, cache(name)));
    }

    private Cache cache(String name) {
        return new StoreCache(store, name, properties, codec);
    }

    @Override
    public @Nullable Cache getCache(String name) {
        Cache there = caches.get(name);
        return there != null || isFixed ? there : caches.computeIfAbsent(name, this::cache);
    }

    @Override
    public Collection<String> getCacheNames() {
        return List.copyOf(caches.keySet());
    }
}
