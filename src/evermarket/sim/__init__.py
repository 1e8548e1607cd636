"""The people of the market: investors, market makers and liquidity providers who drive a simulated trading day."""
