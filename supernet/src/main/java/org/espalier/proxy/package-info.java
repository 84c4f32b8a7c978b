/**
 * Zero-cost proxies: scores of untrained networks that should order architectures as training
 * would.
 *
 * <p>The same holds of all. <b>Sign:</b> larger is better; where that is not the published sign,
 * the proxy's page says so. <b>Scale:</b> as published, except that what spans tens of orders of
 * magnitude is given as its natural logarithm. <b>Weights:</b> PyTorch's default initialisation,
 * batch normalisation with the statistics of the batch, unless the proxy draws weights of its own.
 * <b>Layers:</b> weights of convolutions and linear layers; biases and the parameters of batch
 * normalisations do not count. <b>Precision:</b> passes are float32, sums over their results and
 * linear algebra double. <b>Undefined scores:</b> what comes out infinite or not a number, as for
 * networks whose output does not depend on their input, is NaN, and ranks below every number.
 */
@NullMarked
package org.espalier.proxy;

import org.jspecify.annotations.NullMarked;
