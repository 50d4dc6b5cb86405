"""Training on CUDA: graphs of launches, stacked nets, kernels of triton."""
