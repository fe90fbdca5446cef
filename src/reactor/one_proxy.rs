//! The calls of the asynchronous front ends that take one proxy.

/// Defines a front end's calls that take one proxy. The functions would need the front end as a
/// type argument if they were generic. The methods would be listed under private traits.
macro_rules! one_proxy_calls {
    ($front_end:ident, $stream:ident) => {
        impl<V: $crate::Version> $crate::SocksStream<$stream, V, $front_end> {
            #[doc = include_str!("../docs/connect.md")]
            #[doc(alias("connect_with_password", "connect_with_userid", "connect_raw"))]
            pub async fn connect<'a, 'b>(
                proxy: impl $crate::IntoProxy<'a>,
                target: impl $crate::IntoTarget<'b>,
            ) -> Result<Self, $crate::Error> {
                $crate::route::connect::<$front_end, V>(proxy, target, &[]).await
            }

            #[doc = include_str!("../docs/connect_with_early_data.md")]
            #[doc(alias("optimistic", "send_optimistically"))]
            pub async fn connect_with_early_data<'a, 'b>(
                proxy: impl $crate::IntoProxy<'a>,
                target: impl $crate::IntoTarget<'b>,
                early_data: &[u8],
            ) -> Result<Self, $crate::Error> {
                $crate::route::connect::<$front_end, V>(proxy, target, early_data).await
            }
        }

        impl<V: $crate::Version> $crate::SocksListener<$stream, V, $front_end> {
            #[doc = include_str!("../docs/bind.md")]
            #[doc(alias("bind_with_password", "bind_with_userid", "TCPBind"))]
            pub async fn bind<'a, 'b>(
                proxy: impl $crate::IntoProxy<'a>,
                expected_peer: impl $crate::IntoTarget<'b>,
            ) -> Result<Self, $crate::Error> {
                $crate::route::bind::<$front_end, V>(proxy, expected_peer).await
            }
        }

        #[doc = include_str!("../docs/dial.md")]
        pub async fn dial<'a>(proxy: impl $crate::IntoProxy<'a>) -> Result<$stream, $crate::Error> {
            $crate::route::dial::<$front_end>(proxy).await
        }

        #[doc = include_str!("../docs/check.md")]
        #[doc(alias("ping", "health", "is_alive"))]
        pub async fn check<'a>(proxy: impl $crate::IntoProxy<'a>) -> Result<(), $crate::Error> {
            $crate::route::check::check::<$front_end>(proxy).await
        }

        #[doc = include_str!("../docs/resolve.md")]
        #[doc(alias("dns", "tor_resolve", "tor_resolve_with_socket"))]
        pub async fn resolve<'a, 'b>(
            proxy: impl $crate::IntoProxy<'a>,
            name: impl TryInto<$crate::Host<'b>, Error: Into<$crate::Error>>,
        ) -> Result<::std::net::IpAddr, $crate::Error> {
            $crate::route::lookup::resolve::<$front_end>(proxy, name).await
        }

        #[doc = include_str!("../docs/resolve_ptr.md")]
        #[doc(alias("dns", "tor_resolve_ptr", "tor_resolve_ptr_with_socket"))]
        pub async fn resolve_ptr<'a>(
            proxy: impl $crate::IntoProxy<'a>,
            ip: ::std::net::IpAddr,
        ) -> Result<$crate::Name, $crate::Error> {
            $crate::route::lookup::resolve_ptr::<$front_end>(proxy, ip).await
        }
    };
}

pub(crate) use one_proxy_calls;
