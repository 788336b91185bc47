"""How the services of AWS that run jobs are asked: one module a service, each keeps ``etl.ship.platform.Platform``."""
