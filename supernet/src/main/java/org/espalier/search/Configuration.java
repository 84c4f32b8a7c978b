package org.espalier.search;

import org.espalier.data.Augment;
import org.espalier.strategy.OneShot;

/**
 * All that determines a run. Read from the defaults of a space, a YAML file and the command line by
 * {@link Configurations}, printed in full at the start of a run and stored with its result.
 *
 * @param space name of the search space
 * @param strategy name of the search strategy
 * @param data specification of the data set
 * @param seed of everything that is drawn
 * @param device auto, ejml, simd or cuda, this with options behind commas, as in cuda,tf32
 * @param threads of a CPU device; 0: all cores. The result does not depend on it
 * @param search how the supernet is trained
 * @param training how single architectures are trained from scratch
 * @param contenders how many random architectures are trained beside the one found
 */
public record Configuration(
    String space,
    String strategy,
    String data,
    long seed,
    String device,
    int threads,
    Search search,
    Training training,
    int contenders) {

  /** The same, computed elsewhere. */
  Configuration on(String otherDevice, int otherThreads) {
    return new Configuration(
        space, strategy, data, seed, otherDevice, otherThreads, search, training, contenders);
  }

  /**
   * How the supernet is trained.
   *
   * @param epochs over the training share
   * @param batch images in a step
   * @param channels C of the first cells
   * @param cells N to a stage (nasbench201), or layers (darts)
   * @param alphaFirst whether alpha steps before the weights in each step
   * @param trainShare of the training images for the weights; the rest is for alpha
   * @param learningRate of SGD at first
   * @param learningRateEnd of SGD in the end, by cosine, epoch by epoch
   * @param restart epochs after which the cosine begins again, each time twice as many; 0: never
   * @param momentum of SGD
   * @param nesterov whether SGD looks ahead
   * @param weightDecay of SGD
   * @param clip largest global norm of the weights' gradient; 0: any
   * @param alpha how alpha learns
   * @param oneShot how architectures are compared by the shared weights (enas, setn, spos, fairnas,
   *     random)
   * @param augment of the training share
   */
  public record Search(
      int epochs,
      int batch,
      int channels,
      int cells,
      boolean alphaFirst,
      double trainShare,
      float learningRate,
      float learningRateEnd,
      int restart,
      float momentum,
      boolean nesterov,
      float weightDecay,
      float clip,
      Alpha alpha,
      OneShot oneShot,
      Augment augment) {}

  /**
   * How alpha learns: Adam.
   *
   * @param learningRate constant
   * @param beta1 of the mean
   * @param beta2 of the square
   * @param weightDecay L2, added to the gradient
   * @param warmup share of the epochs, the first ones, in which only the weights learn
   */
  public record Alpha(
      float learningRate, float beta1, float beta2, float weightDecay, double warmup) {}

  /**
   * How an architecture is trained from scratch: SGD, the rate following a cosine step by step.
   *
   * @param epochs over all training images
   * @param batch images in a step
   * @param channels C of the first cells
   * @param cells N to a stage (nasbench201), or layers (darts)
   * @param learningRate at first
   * @param learningRateEnd in the end
   * @param momentum of SGD
   * @param nesterov whether SGD looks ahead
   * @param weightDecay of SGD
   * @param clip largest global norm of the gradient; 0: any
   * @param smoothing of the labels
   * @param dropPath probability in the last epoch, growing from 0 in a straight line (darts)
   * @param auxiliary weight of the auxiliary head's loss; 0: no such head (darts, 32x32 images)
   * @param augment of the training images
   */
  public record Training(
      int epochs,
      int batch,
      int channels,
      int cells,
      float learningRate,
      float learningRateEnd,
      float momentum,
      boolean nesterov,
      float weightDecay,
      float clip,
      float smoothing,
      float dropPath,
      float auxiliary,
      Augment augment) {}
}
