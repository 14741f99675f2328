package io.solaster.http.files;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.env.TimeSource;
import org.jspecify.annotations.Nullable;

/**
 * The static files that a shard has looked at last, up to so many bytes; the one that was not asked for the longest goes
 * first. An entry is believed for a second, then looked at again. Many who ask for one at once share the look. On the
 * owning shard.
 */
final class AssetCache {
    private static final long BELIEVED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private record Entry(Asset asset, long seenAt) {}

    private final Shard shard;
    private final TimeSource clock;
    private final long most;
    private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, ShardFuture<@Nullable Asset>> looks = new HashMap<>();
    private long held;

    AssetCache(Shard shard, long most) {
        this.shard = shard;
        this.clock = shard.environment().clock();
        this.most = most;
    }

    /** What is known of a file; null if somebody has to look. */
    @Nullable
    Asset known(String path) {
        Entry entry = entries.get(path);
        return entry == null || clock.nanoTime() - entry.seenAt > BELIEVED_NANOS ? null : entry.asset;
    }

    /** Looks, off the shard. */
    ShardFuture<@Nullable Asset> look(String path, Callable<@Nullable Asset> search) {
        ShardFuture<@Nullable Asset> known = looks.get(path);
        if (known != null) {
            return known;
        }
        ShardFuture<@Nullable Asset> look = shard.offload().call(Purpose.FILES, search);
        looks.put(path, look);
        look.whenComplete((asset, failure) -> {
            looks.remove(path);
            forget(path);
            if (asset != null && asset.held() <= most / 4) {
                entries.put(path, new Entry(asset, clock.nanoTime()));
                held += asset.held();
                shrink();
            }
        });
        return look;
    }

    void forget(String path) {
        Entry entry = entries.remove(path);
        if (entry != null) {
            held -= entry.asset.held();
        }
    }

    private void shrink() {
        Iterator<Entry> oldest = entries.values().iterator();
        while (held > most && oldest.hasNext()) {
            held -= oldest.next().asset.held();
            oldest.remove();
        }
    }

    /** Bytes in memory, roughly. */
    long held() {
        return held;
    }
}
