/**
 * Labelled images on the host: data sources, splits, augmentation and loaders.
 *
 * <p>Pixels stay bytes until a batch is made; a batch is plain float arrays, {@code [N, H, W, C]}.
 * Nothing here knows of tensors or devices.
 */
@NullMarked
package org.espalier.data;

import org.jspecify.annotations.NullMarked;
