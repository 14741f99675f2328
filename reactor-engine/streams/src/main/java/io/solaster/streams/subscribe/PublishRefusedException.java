package io.solaster.streams.subscribe;

/** A message was not published: somebody who has subscribed with {@link DeliveryPolicy#WAIT} had no room for it. */
public final class PublishRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PublishRefusedException(String message) {
        super(message, null, false, false);
    }
}
