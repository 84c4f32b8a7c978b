package org.espalier.data;

/**
 * Some images, ready for the network. The arrays belong to the {@link Loader} and are used again:
 * they hold this batch until the next one is asked for, and may be longer than {@code size} images.
 *
 * @param pixels normalised, {@code [size, height, width, channels]}
 * @param labels the index of each image's class, {@code [size]}
 * @param size the number of images
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data: never compared
public record Batch(float[] pixels, float[] labels, int size) {}
