package io.solaster.boot.cache;

import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import io.solaster.store.Store;
import io.solaster.store.Strings;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cache.support.AbstractValueAdaptingCache;
import org.springframework.cache.support.NullValue;
import org.springframework.cache.support.SimpleValueWrapper;
import org.springframework.util.ReflectionUtils;

/**
 * One cache whose values are strings of the store, under the cache's name, two colons and the key. So nothing of it is on the
 * heap. Any thread may call. On a shard's loop what needs another shard's answer cannot be waited for: methods that return a
 * {@code Mono} or a {@code CompletableFuture} are cached there without a wait, and what writes goes on by itself.
 */
final class StoreCache extends AbstractValueAdaptingCache {
    private static final Logger log = LoggerFactory.getLogger(StoreCache.class);
    /** What stands for null: no value begins with a byte 0 and is this. */
    private static final byte[] NULL = "\0null".getBytes(StandardCharsets.US_ASCII);

    private final Store store;
    private final Strings strings;
    private final String name;
    private final String prefix;
    private final Duration timeToLive;
    private final CacheCodec codec;
    /** What is computed now, by its key, so that it is computed once. */
    private final ConcurrentMap<String, CompletableFuture<@Nullable Object>> computed = new ConcurrentHashMap<>();

    StoreCache(Store store, String name, StoreCacheProperties properties, CacheCodec codec) {
        super(properties.cacheNullValues());
        this.store = store;
        this.strings = store.strings();
        this.name = name;
        this.prefix = properties.keyPrefix() + name + "::";
        this.timeToLive = properties.timeToLive(name);
        this.codec = codec;
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public Store getNativeCache() {
        return store;
    }

    private String key(Object key) {
        if (key instanceof CharSequence || key instanceof Number) {
            return prefix + key;
        }
        if (isObjects(ReflectionUtils.findMethod(key.getClass(), "toString"))) {
            throw new IllegalArgumentException("a key of cache '" + name + "' is a " + key.getClass().getName()
                    + ", which has no toString() of its own; give it one, or name a key in the annotation");
        }
        return prefix + key;
    }

    private static boolean isObjects(@Nullable Method method) {
        return method != null && method.getDeclaringClass() == Object.class;
    }

    @Override
    protected @Nullable Object lookup(Object key) {
        return read(await(strings.get(key(key))));
    }

    private @Nullable Object read(byte @Nullable [] bytes) {
        return bytes == null ? null : Arrays.equals(bytes, NULL) ? NullValue.INSTANCE : codec.decode(bytes);
    }

    private byte[] write(@Nullable Object value) {
        Object stored = toStoreValue(value);
        return stored instanceof NullValue ? NULL : codec.encode(stored);
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> @Nullable T get(Object key, Callable<T> loader) {
        ValueWrapper there = get(key);
        if (there != null) {
            return (T) there.get();
        }
        CompletableFuture<@Nullable Object> mine = new CompletableFuture<>();
        CompletableFuture<@Nullable Object> others = computed.putIfAbsent(key(key), mine);
        if (others != null) {
            try {
                return (T) others.join();
            } catch (CompletionException e) {
                throw new ValueRetrievalException(key, loader, e.getCause());
            }
        }
        try {
            // Who computed it before may have put it meanwhile.
            there = get(key);
            T value = there != null ? (T) there.get() : loader.call();
            if (there == null) {
                put(key, value);
            }
            mine.complete(value);
            return value;
        } catch (Throwable e) {
            mine.completeExceptionally(e);
            throw new ValueRetrievalException(key, loader, e);
        } finally {
            computed.remove(key(key), mine);
        }
    }

    /** A wrapper of the value, since null is one; or null. */
    @Override
    public CompletableFuture<?> retrieve(Object key) {
        return strings.get(key(key)).thenApply(bytes -> {
            Object stored = read(bytes);
            return stored == null ? null : new SimpleValueWrapper(fromStoreValue(stored));
        });
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> CompletableFuture<T> retrieve(Object key, Supplier<CompletableFuture<T>> loader) {
        return strings.get(key(key)).thenCompose(bytes -> {
            Object stored = read(bytes);
            if (stored != null) {
                return CompletableFuture.completedFuture((T) fromStoreValue(stored));
            }
            CompletableFuture<@Nullable Object> mine = new CompletableFuture<>();
            CompletableFuture<@Nullable Object> others = computed.putIfAbsent(key(key), mine);
            if (others != null) {
                return (CompletableFuture<T>) others;
            }
            return load(key, loader).whenComplete((value, failure) -> {
                computed.remove(key(key), mine);
                if (failure == null) {
                    mine.complete(value);
                } else {
                    mine.completeExceptionally(failure);
                }
            });
        });
    }

    private <T> CompletableFuture<T> load(Object key, Supplier<CompletableFuture<T>> loader) {
        try {
            return loader.get().thenCompose(value -> set(key, value).thenApply(_ -> value));
        } catch (Throwable e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<@Nullable Void> set(Object key, @Nullable Object value) {
        return strings.set(key(key), write(value), timeToLive);
    }

    @Override
    public void put(Object key, @Nullable Object value) {
        settle(set(key, value));
    }

    @Override
    public @Nullable ValueWrapper putIfAbsent(Object key, @Nullable Object value) {
        byte[] there = await(strings.setIfAbsent(key(key), write(value), timeToLive));
        return there == null ? null : new SimpleValueWrapper(fromStoreValue(read(there)));
    }

    @Override
    public void evict(Object key) {
        settle(strings.remove(key(key)));
    }

    @Override
    public boolean evictIfPresent(Object key) {
        return Objects.requireNonNull(await(strings.remove(key(key))));
    }

    @Override
    public void clear() {
        settle(store.removeAll(prefix));
    }

    @Override
    public boolean invalidate() {
        return Objects.requireNonNull(await(store.removeAll(prefix))) > 0;
    }

    /** Waits for a write to be done, except on a shard's loop, where it goes on by itself. */
    private void settle(CompletableFuture<?> write) {
        if (!write.isDone() && Shard.current() != null && !Thread.currentThread().isVirtual()) {
            write.whenComplete((_, failure) -> {
                if (failure != null) {
                    log.warn("Cache '{}' could not be written", name, failure);
                }
            });
        } else {
            await(write);
        }
    }

    private static <T extends @Nullable Object> T await(CompletableFuture<T> answer) {
        try {
            return answer.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }
}
