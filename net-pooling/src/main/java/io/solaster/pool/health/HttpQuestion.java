package io.solaster.pool.health;

import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletionStage;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.solaster.config.pool.CheckConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Endpoint;

/** One GET, of whose answer only the status counts. On its shard. */
final class HttpQuestion extends SimpleChannelInboundHandler<HttpObject> {
    private final CheckConfig config;
    private final Endpoint endpoint;
    private final ShardFuture<Integer> answer;

    HttpQuestion(Shard shard, CheckConfig config, Endpoint endpoint) {
        this.config = config;
        this.endpoint = endpoint;
        this.answer = shard.newFuture();
    }

    CompletionStage<Integer> answer() {
        return answer;
    }

    void ask(Channel channel) {
        channel.pipeline().addLast(new HttpClientCodec(), this);
        FullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, config.path());
        request.headers().set(HttpHeaderNames.HOST,
                config.host() != null ? config.host() : endpoint.isUnix() ? "localhost" : endpoint.address())
                .set(HttpHeaderNames.USER_AGENT, "solaster-health-check").set(HttpHeaderNames.ACCEPT, "*/*")
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        channel.writeAndFlush(request).addListener(sent -> {
            if (!sent.isSuccess()) {
                answer.completeExceptionally(sent.cause());
            }
        });
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (!(message instanceof HttpResponse response)) {
            return;
        }
        int status = response.status().code();
        if (response.decoderResult().isFailure()) {
            answer.completeExceptionally(new IllegalStateException("no HTTP: " + response.decoderResult().cause()));
        } else if (status >= 200) {
            if (status >= config.minStatus() && status <= config.maxStatus()) {
                answer.complete(status);
            } else {
                answer.completeExceptionally(new IllegalStateException("GET " + config.path() + " was answered "
                        + status + ", not " + config.minStatus() + " to " + config.maxStatus()));
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        answer.completeExceptionally(new ClosedChannelException());
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        answer.completeExceptionally(cause);
    }
}
