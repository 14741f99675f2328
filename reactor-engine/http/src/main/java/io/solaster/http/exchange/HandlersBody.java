package io.solaster.http.exchange;

import java.io.InputStream;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.ShardFuture;
import io.solaster.http.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * A request's body as its handler has it, made for this one as its {@link Request} is. On the owning shard.
 */
final class HandlersBody implements RequestBody {
    /** Null once the exchange serves others. */
    private @Nullable Body body;

    HandlersBody(Body body) {
        this.body = body;
    }

    /** The exchange is about to serve others. */
    void cutOff() {
        body = null;
    }

    private Body body() {
        Body known = body;
        if (known == null) {
            throw Exchange.isOver();
        }
        return known;
    }

    @Override
    public long length() {
        return body().length();
    }

    @Override
    public ShardFuture<ByteBuf> whole() {
        return body().whole();
    }

    @Override
    public ByteBuf content() {
        return body().content();
    }

    @Override
    public String text() {
        return body().text();
    }

    @Override
    public InputStream asInputStream() {
        return body().asInputStream();
    }

    @Override
    public void read(Reader into) {
        body().read(into);
    }

    @Override
    public void request(long parts) {
        body().request(parts);
    }
}
